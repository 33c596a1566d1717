<%@ page session="false" contentType="text/html; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    request.setCharacterEncoding("UTF-8");
    String user = request.getParameter("user");
    String password = request.getParameter("password");
    String complaint = "";
    if ("POST".equals(request.getMethod())) {
        if (user == null || user.isEmpty() || password == null || password.isEmpty()) {
            response.setStatus(400);
            complaint = "A user and a password are wanted (any will do).";
        } else {
            request.getSession(true).setAttribute("user", user);
            response.sendRedirect(response.encodeRedirectURL(request.getContextPath() + "/"));
            return;
        }
    }
%><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Login</title></head>
<body>
<h1>Login</h1>
<p><%= complaint %></p>
<form method="post" action="<%= request.getContextPath() %>/login">
  <label>User <input name="user" required></label>
  <label>Password <input name="password" type="password" required></label>
  <button>Log in</button>
</form>
</body>
</html>
