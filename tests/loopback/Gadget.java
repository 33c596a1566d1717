// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package bsh;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;

/** A class of a package that tomcat_instance_serial_filter refuses. Whoever reads an object of it runs what it says. */
public class Gadget implements Serializable {
    private static final long serialVersionUID = 1L;

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        System.out.println("the gadget ran");
    }
}
