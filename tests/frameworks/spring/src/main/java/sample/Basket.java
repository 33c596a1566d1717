// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package sample;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.web.context.annotation.SessionScope;

/** What a user has chosen. It is changed in place: no code here sets an attribute of the session. */
@Component
@SessionScope
public class Basket implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<String> entries = Collections.synchronizedList(new ArrayList<>());

    public void add(String entry) {
        entries.add(entry);
    }

    public List<String> entries() {
        synchronized (entries) {
            return List.copyOf(entries);
        }
    }
}
