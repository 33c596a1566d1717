<%@ page session="false" contentType="text/plain; charset=UTF-8" %><%@ include file="common.jspf" %><%!
    /** Runs before the context counts as started: a connector answers only when this is over. */
    void started() {
        if (!sick("slow-start")) return;
        try {
            Thread.sleep(1000L * Integer.parseInt(RELEASE.getProperty("slow_start_seconds")));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
%>
