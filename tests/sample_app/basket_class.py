# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one class of the sample application, as bytes: to have it, nobody needs a Java compiler.

package sample;
public class Basket implements java.io.Serializable { private static final long serialVersionUID = ...; }

The Java Virtual Machine Specification, chapter 4, tells what each number means.
"""

from __future__ import annotations

import struct

PUBLIC, PRIVATE, STATIC, FINAL, SUPER = 0x0001, 0x0002, 0x0008, 0x0010, 0x0020
JAVA_8 = 52


def basket_class(serial_version: int) -> bytes:
    """A class that Java serialization takes for another one as soon as the number is another one."""

    def text(value: str) -> bytes:
        return struct.pack(">BH", 1, len(value)) + value.encode()

    constants = [
        text("sample/Basket"),  # 1
        struct.pack(">BH", 7, 1),  # 2: the class
        text("java/lang/Object"),  # 3
        struct.pack(">BH", 7, 3),  # 4: the class above it
        text("java/io/Serializable"),  # 5
        struct.pack(">BH", 7, 5),  # 6: its interface
        text("serialVersionUID"),  # 7
        text("J"),  # 8
        text("ConstantValue"),  # 9
        struct.pack(">Bq", 5, serial_version),  # 10, and 11 too: a long takes two
        text("<init>"),  # 12
        text("()V"),  # 13
        text("Code"),  # 14
        struct.pack(">BHH", 12, 12, 13),  # 15: name and type of the constructor
        struct.pack(">BHH", 10, 4, 15),  # 16: the constructor of the class above it
    ]
    constructor = bytes([0x2A, 0xB7, 0, 16, 0xB1])  # aload_0, invokespecial 16, return
    code = struct.pack(">HHI", 1, 1, len(constructor)) + constructor + struct.pack(">HH", 0, 0)
    return b"".join(
        [
            struct.pack(">IHHH", 0xCAFEBABE, 0, JAVA_8, len(constants) + 2),
            *constants,
            struct.pack(">HHHHH", PUBLIC | SUPER, 2, 4, 1, 6),
            struct.pack(">HHHHH", 1, PRIVATE | STATIC | FINAL, 7, 8, 1),
            struct.pack(">HIH", 9, 2, 10),
            struct.pack(">HHHHH", 1, PUBLIC, 12, 13, 1),
            struct.pack(">HI", 14, len(code)),
            code,
            struct.pack(">H", 0),
        ]
    )
