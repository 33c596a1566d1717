<%@ page session="false" contentType="text/plain; charset=UTF-8" %><%@ include file="common.jspf" %><%!
    private long since;

    void started() {
        since = System.nanoTime();
    }
%><%
    long seconds = (System.nanoTime() - since) / 1000000000L;
    boolean ill = sick("unhealthy") && seconds >= Long.parseLong(RELEASE.getProperty("sick_after_seconds"));
    if (ill) {
        response.setStatus(503);
    }
%>status=<%= ill ? "sick" : "ok" %>
version=<%= version() %>
instance=<%= instance() %>
