// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package sample;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.inject.Named;

/** What a user types. */
@Named
@RequestScoped
public class Form {
    @Inject
    private Visit visit;

    @Inject
    private Clicks clicks;

    private String text;

    public String getText() {
        return text;
    }

    public void setText(String text) {
        this.text = text;
    }

    public void logIn() {
        visit.logIn(text);
    }

    public void add() {
        clicks.count();
        visit.add(text);
        text = null;
    }

    public String getInstance() {
        return Release.INSTANCE;
    }
}
