// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package sample;

import jakarta.enterprise.context.SessionScoped;
import jakarta.faces.context.FacesContext;
import jakarta.inject.Named;
import jakarta.servlet.http.HttpServletRequest;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Who is logged in, and the basket: one for each session, changed in place. */
@Named
@SessionScoped
public class Visit implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<String> entries = new CopyOnWriteArrayList<>();
    private volatile String user = "";

    /** With a new session id, as Java EE's own logins do it. */
    public void logIn(String name) {
        ((HttpServletRequest) FacesContext.getCurrentInstance().getExternalContext().getRequest()).changeSessionId();
        user = name;
    }

    public void add(String entry) {
        entries.add(entry);
    }

    public List<String> getEntries() {
        return entries;
    }

    public String getUser() {
        return user;
    }
}
