<%@ page contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    // Makes the session large, with bytes that cannot be compressed.
    response.setHeader("Cache-Control", "no-store");
    String wanted = request.getParameter("kb");
    if (wanted != null && wanted.matches("[0-9]{1,5}")) {
        byte[] bytes = new byte[1024 * Integer.parseInt(wanted)];
        new java.util.Random().nextBytes(bytes);
        session.setAttribute("ballast", bytes);
    }
    byte[] ballast = (byte[]) session.getAttribute("ballast");
%><%= jsonObject("bytes", ballast == null ? 0 : ballast.length, "checksum", java.util.Arrays.hashCode(ballast),
                 "version", version(), "instance", instance()) %>
