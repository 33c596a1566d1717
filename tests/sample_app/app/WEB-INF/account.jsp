<%@ page contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    response.setHeader("Cache-Control", "no-store");
%><%= jsonObject("user", request.getRemoteUser(), "version", version(), "instance", instance(), "session", session.getId()) %>
