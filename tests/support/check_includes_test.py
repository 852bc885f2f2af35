#!/usr/bin/env python3
"""The include rule's own test: each line below is one file with one include, allowed or not."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check-includes"
CASES = [
    ("protocol/postgres/a.cpp", '"protocol/common/x.hpp"', True),
    ("protocol/postgres/a.cpp", '"router/x.hpp"', False),
    ("protocol/common/a.hpp", '"protocol/postgres/x.hpp"', False),
    ("protocol/postgres/a.hpp", '"protocol/mysql/x.hpp"', False),
    ("protocol/postgres/a.cpp", "<openssl/evp.h>", True),
    ("protocol/postgres/a.cpp", "<openssl/ssl.h>", False),
    ("protocol/postgres/a.cpp", "<boost/system/result.hpp>", True),
    ("protocol/postgres/a.cpp", "<boost/asio.hpp>", False),
    ("router/a.cpp", '"protocol/common/x.hpp"', True),
    ("router/a.cpp", '"protocol/postgres/x.hpp"', False),
    ("router/a.cpp", '"proxy/x.hpp"', False),
    ("router/merge/a.cpp", '"router/x.hpp"', True),
    ("router/a.cpp", "<spdlog/spdlog.h>", False),
    ("router/a.cpp", "<thread>", False),
    ("router/a.cpp", "<sys/socket.h>", False),
    ("router/a.cpp", "<pg_query.h>", False),
    ("router/postgres_analyze.cpp", "<pg_query.h>", True),
    ("router/postgres_analyze.cpp", '"nodes/parsenodes.h"', True),
    ("router/rules.cpp", '"nodes/parsenodes.h"', False),
    ("proxy/a.cpp", '"router/x.hpp"', True),
    ("proxy/a.cpp", "<boost/asio/io_context.hpp>", True),
    ("proxy/net/a.cpp", '"proxy/postgres/x.hpp"', True),
    ("proxy/postgres/a.cpp", '"protocol/postgres/x.hpp"', True),
    ("proxy/postgres/a.cpp", '"proxy/mysql/x.hpp"', False),
    ("proxy/postgres/a.cpp", '"protocol/mysql/x.hpp"', False),
    ("proxy/mysql/a.cpp", '"proxy/postgres/x.hpp"', False),
    ("proxy/control/a.cpp", "<libpq-fe.h>", True),
    ("proxy/net/a.cpp", "<libpq-fe.h>", False),
    ("proxy/a.cpp", '"net/x.hpp"', False),
]


def check(file, include):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path in {file} | {f"{room}/x.hpp" for room in ("protocol/common", "protocol/postgres", "protocol/mysql",
                                                          "router", "proxy", "proxy/postgres", "proxy/mysql")}:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("", encoding="utf-8")
        (root / file).write_text(f"// A file.\n#include {include}\n", encoding="utf-8")
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)
        return done.returncode == 0 and "keep it" in done.stdout


wrong = [case for case in CASES if check(*case[:2]) != case[2]]
for file, include, allowed in wrong:
    print(f"{file} includes {include}: should be {'allowed' if allowed else 'refused'}")
print(f"{len(CASES) - len(wrong)} passed, {len(wrong)} failed")
sys.exit(1 if wrong else 0)
