// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package sample;

import jakarta.faces.view.ViewScoped;
import jakarta.inject.Named;
import java.io.Serializable;
import java.util.concurrent.atomic.AtomicInteger;

/** How often the buttons of a page were pressed: one for each view, changed in place. */
@Named
@ViewScoped
public class Clicks implements Serializable {
    private static final long serialVersionUID = 1L;

    private final AtomicInteger number = new AtomicInteger();

    public void count() {
        number.incrementAndGet();
    }

    public int getNumber() {
        return number.get();
    }
}
