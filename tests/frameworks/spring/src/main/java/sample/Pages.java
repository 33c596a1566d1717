// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package sample;

import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.http.MediaType;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.WebUtils;

@RestController
public class Pages {
    private static final String INSTANCE = Path.of(System.getProperty("catalina.base")).getFileName().toString();
    private static final String NOTES = "notes";

    private final Basket basket;
    private final String version;

    Pages(Basket basket, ServletContext context) throws IOException {
        this.basket = basket;
        Properties release = new Properties();
        try (InputStream file = context.getResourceAsStream("/WEB-INF/release.properties")) {
            release.load(file);
        }
        version = release.getProperty("version");
    }

    @GetMapping(path = "/health", produces = MediaType.TEXT_PLAIN_VALUE)
    String health() {
        return "status=ok\nversion=" + version + "\ninstance=" + INSTANCE + "\n";
    }

    /** The page with the form. */
    @GetMapping(path = "/", produces = MediaType.TEXT_HTML_VALUE)
    String page(Principal user, CsrfToken token, HttpSession session) {
        notes(session);
        return "<!DOCTYPE html><title>Basket</title><p>" + user.getName() + "</p><form action=\"basket\" method=\"post\">"
                + "<input name=\"entry\"><input name=\"_csrf\" type=\"hidden\" value=\"" + token.getToken() + "\">"
                + "<button>Add</button></form>";
    }

    @GetMapping("/basket")
    Map<String, Object> look(Principal user, HttpSession session) {
        return answer(user, session);
    }

    /** An entry more, in the bean and in a list that was set as an attribute once: both are changed in place. */
    @PostMapping("/basket")
    Map<String, Object> add(@RequestParam String entry, Principal user, HttpSession session) {
        basket.add(entry);
        notes(session).add(entry);
        return answer(user, session);
    }

    private static List<String> notes(HttpSession session) {
        // One of the requests that a page sends at once makes it.
        synchronized (WebUtils.getSessionMutex(session)) {
            @SuppressWarnings("unchecked")
            List<String> notes = (List<String>) session.getAttribute(NOTES);
            if (notes == null) {
                notes = new CopyOnWriteArrayList<>();
                session.setAttribute(NOTES, notes);
            }
            return notes;
        }
    }

    private Map<String, Object> answer(Principal user, HttpSession session) {
        return Map.of(
                "user", user.getName(), "instance", INSTANCE, "entries", basket.entries(), "notes", List.copyOf(notes(session)));
    }
}
