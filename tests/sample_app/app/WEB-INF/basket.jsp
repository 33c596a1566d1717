<%@ page contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    // An object of the application's own class, which the next release may have changed.
    response.setHeader("Cache-Control", "no-store");
    boolean kept = session.getAttribute("basket") instanceof sample.Basket;
    if (!kept) {
        session.setAttribute("basket", new sample.Basket());
    }
%><%= jsonObject("kept", kept, "version", version(), "instance", instance()) %>
