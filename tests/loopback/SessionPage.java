// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Uses its session in the way that the parameter "do" names, and says what it holds then. */
public class SessionPage extends HttpServlet implements HttpSessionListener {
    private static final long serialVersionUID = 1L;

    /** One that the next release may have lost, or changed. */
    public static class Own implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    /** What frameworks keep in a session, and change there. */
    public static class Bean implements Serializable {
        private static final long serialVersionUID = 1L;
        private int clicks;

        synchronized void click() {
            clicks++;
        }

        synchronized int clicks() {
            return clicks;
        }
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
        System.out.println("destroyed " + event.getSession().getAttribute("name") + " " + System.currentTimeMillis());
    }

    @Override
    @SuppressWarnings("unchecked")
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String action = String.valueOf(request.getParameter("do"));
        String name = request.getParameter("name");
        HttpSession session = request.getSession(action.equals("begin"));
        String timeout = request.getParameter("timeout");
        response.setContentType("application/json");
        if (session != null && timeout != null) {
            session.setMaxInactiveInterval(Integer.parseInt(timeout));
        }
        if (session != null) {
            switch (action) {
                case "begin":
                    session.setAttribute("bean", new Bean());
                    session.setAttribute("list", new ArrayList<String>());
                    session.setAttribute("n", 0);
                    if (name != null) {
                        session.setAttribute("name", name);
                    }
                    break;
                case "set":
                    session.setAttribute(name, name);
                    sleep(request);
                    break;
                case "set late":
                    sleep(request);
                    session.setAttribute(name, name);
                    break;
                case "count":
                    synchronized (session) {
                        int before = (Integer) session.getAttribute("n");
                        sleep(request);
                        session.setAttribute("n", before + 1);
                    }
                    break;
                case "list":
                    List<String> list = (List<String>) session.getAttribute("list");
                    synchronized (list) {
                        list.add(name);
                    }
                    break;
                case "hold":
                    session.setAttribute("held", held(name));
                    break;
                case "share":
                    session.setAttribute("list", Collections.synchronizedList(new ArrayList<>(Collections.nCopies(20_000, "entry"))));
                    break;
                case "click":
                    ((Bean) session.getAttribute("bean")).click();
                    break;
                case "renew":
                    request.changeSessionId();
                    break;
                case "log out":
                    session.invalidate();
                    session = null;
                    break;
                case "look at nothing":
                    response.getWriter().print("{\"session\": true}");
                    return;
                default:
            }
        }
        response.getWriter().print(session == null ? "{\"session\": false}" : shown(request, session));
    }

    /** What cannot be stored, what is too large, and an object of a class of our own. */
    private static Object held(String what) {
        switch (what) {
            case "nested":
                return new ArrayList<>(Arrays.asList("serializable", new Object()));
            case "plain":
                return new Object();
            case "deep":
                Object deep = "inside";
                for (int depth = 0; depth < 100_000; depth++) {
                    deep = new Object[] {deep};
                }
                return deep;
            case "large":
                return new byte[1_500_000];
            case "own":
                return new Own();
            default:
                try {
                    return Class.forName(what).getConstructor().newInstance();
                } catch (ReflectiveOperationException e) {
                    throw new IllegalArgumentException(what, e);
                }
        }
    }

    private static void sleep(HttpServletRequest request) {
        try {
            Thread.sleep(Integer.parseInt(request.getParameter("ms") == null ? "1" : request.getParameter("ms")));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String shown(HttpServletRequest request, HttpSession session) {
        Object list = session.getAttribute("list");
        List<String> names = Collections.list(session.getAttributeNames());
        boolean looks = "look".equals(request.getParameter("do"));
        Bean bean = (Bean) session.getAttribute("bean");
        return "{\"session\": true, \"user\": " + quoted(request.getRemoteUser()) + ", \"n\": " + session.getAttribute("n")
            + ", \"clicks\": " + (bean == null ? null : bean.clicks()) + ", \"list\": " + (list == null ? 0 : ((List<?>) list).size())
            + (looks ? ", \"held\": " + (session.getAttribute("held") != null) : "") + ", \"names\": " + quoted(String.join(" ", names)) + "}";
    }

    private static String quoted(String text) {
        return text == null ? null : '"' + text + '"';
    }
}
