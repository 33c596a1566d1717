<%@ page session="false" contentType="text/html; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    response.setHeader("Cache-Control", "no-store");
    Object user = request.getSession(false) == null ? null : request.getSession(false).getAttribute("user");
    String context = request.getContextPath();
%><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Sample <%= html(version()) %></title></head>
<body>
<h1>Sample application <%= html(version()) %></h1>
<p>Served by <b><%= html(instance()) %></b>.</p>
<% if (user == null) { %>
<p><a href="<%= response.encodeURL(context + "/login") %>">Log in</a></p>
<% } else { %>
<p>Logged in as <b><%= html(user) %></b>. <a href="<%= response.encodeURL(context + "/logout") %>">Log out</a></p>
<% } %>
<p><a href="<%= response.encodeURL(context + "/counter") %>">Count</a></p>
</body>
</html>
