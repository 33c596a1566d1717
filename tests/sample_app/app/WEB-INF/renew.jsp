<%@ page session="false" contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    // A new id for the session, and nothing else: what an application's own login does against session fixation.
    String id = request.getSession(false) == null ? null : request.changeSessionId();
%><%= jsonObject("version", version(), "instance", instance(), "session", id) %>
