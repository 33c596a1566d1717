<%@ page session="false" contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    String wanted = request.getParameter("ms");
    if (wanted == null || !wanted.matches("[0-9]{1,6}")) {
        response.setStatus(400);
        out.print(jsonObject("error", "ms: a number of milliseconds of up to 6 digits is wanted"));
        return;
    }
    long ms = Math.min(Long.parseLong(wanted), 120000);
    Thread.sleep(ms);
%><%= jsonObject("slept_ms", ms, "version", version(), "instance", instance()) %>
