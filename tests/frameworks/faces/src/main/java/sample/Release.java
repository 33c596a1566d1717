// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package sample;

import jakarta.enterprise.inject.spi.CDI;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Properties;

/** Plain pages beside those of Faces: the health page, and what is in the session. */
@WebServlet({"/health", "/visit"})
public class Release extends HttpServlet {
    static final String INSTANCE = Path.of(System.getProperty("catalina.base")).getFileName().toString();

    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setContentType("text/plain");
        if (request.getServletPath().equals("/visit")) {
            Visit visit = CDI.current().select(Visit.class).get();
            response.getWriter()
                    .printf("user=%s%ninstance=%s%nentries=%s%n", visit.getUser(), INSTANCE, String.join(",", visit.getEntries()));
            return;
        }
        Properties release = new Properties();
        try (InputStream file = getServletContext().getResourceAsStream("/WEB-INF/release.properties")) {
            release.load(file);
        }
        response.getWriter().printf("status=ok%nversion=%s%ninstance=%s%n", release.getProperty("version"), INSTANCE);
    }
}
