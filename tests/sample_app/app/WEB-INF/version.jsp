<%@ page session="false" contentType="text/plain; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %>version=<%= version() %>
instance=<%= instance() %>
