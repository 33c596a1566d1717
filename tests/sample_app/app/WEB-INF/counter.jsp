<%@ page contentType="application/json; charset=UTF-8" %><%@ include file="common.jspf" %><%@ include file="page.jspf" %><%
    int counter;
    synchronized (session) {
        Integer before = (Integer) session.getAttribute("counter");
        counter = before == null ? 1 : before + 1;
        session.setAttribute("counter", counter);
    }
    response.setHeader("Cache-Control", "no-store");
    String wanted = request.getParameter("ms");
    if (wanted != null && wanted.matches("[0-9]{1,5}")) {
        Thread.sleep(Long.parseLong(wanted));
    }
%><%= jsonObject("user", session.getAttribute("user"), "counter", counter, "version", version(), "instance", instance(),
                 "route", route(session.getId()), "session", session.getId(), "new", session.isNew()) %>
