<%@ page session="false" contentType="text/html; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Login</title></head>
<body>
<h1>Login</h1>
<form method="post" action="<%= response.encodeURL(request.getContextPath() + "/j_security_check") %>">
  <label>User <input name="j_username" required></label>
  <label>Password <input name="j_password" type="password" required></label>
  <button>Log in</button>
</form>
</body>
</html>
