<%@ page session="false" contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    boolean had = request.getSession(false) != null;
    if (had) {
        request.getSession(false).invalidate();
    }
%><%= jsonObject("logged_out", had, "version", version(), "instance", instance()) %>
