<%@ page session="false" contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    // Looks without touching: it makes no session and counts nothing.
    response.setHeader("Cache-Control", "no-store");
    boolean has = request.getSession(false) != null;
    String id = has ? request.getSession(false).getId() : null;
%><%= jsonObject("user", has ? request.getSession(false).getAttribute("user") : null,
                 "counter", has ? request.getSession(false).getAttribute("counter") : null,
                 "version", version(), "instance", instance(), "route", has ? route(id) : null, "session", id) %>
