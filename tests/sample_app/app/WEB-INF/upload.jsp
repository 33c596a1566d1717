<%@ page session="false" contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    java.security.MessageDigest digest = java.security.MessageDigest.getInstance("SHA-256");
    long length = 0;
    byte[] buffer = new byte[65536];
    InputStream body = request.getInputStream();
    for (int got = body.read(buffer); got >= 0; got = body.read(buffer)) {
        digest.update(buffer, 0, got);
        length += got;
    }
    String sha256 = String.format("%064x", new java.math.BigInteger(1, digest.digest()));
%><%= jsonObject("bytes", length, "sha256", sha256, "version", version(), "instance", instance()) %>
