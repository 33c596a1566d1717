<%@ page session="false" contentType="text/plain; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    boolean ill = sick("unhealthy");
    if (ill) {
        response.setStatus(503);
    }
%>status=<%= ill ? "sick" : "ok" %>
version=<%= version() %>
instance=<%= instance() %>
