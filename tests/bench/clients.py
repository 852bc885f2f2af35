"""Many idle clients: what each costs in memory, what a log-in costs in processor time, and what idling costs."""
import resource
import time

import measure

SETTLE_SECONDS = 0.5


def idle_clients(site, endpoint, count):
    """KiB per client after its log-in, and after one query; processor microseconds of a log-in once keys are known."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    empty = measure.resident_kib(endpoint.pid)
    clients = []
    try:
        clients.append(site.log_in(endpoint.port))
        before = measure.processor_us(endpoint.pid)
        while len(clients) < count:
            clients.append(site.log_in(endpoint.port))
        time.sleep(SETTLE_SECONDS)
        login_us = (measure.processor_us(endpoint.pid) - before) / (count - 1)
        logged_in = measure.resident_kib(endpoint.pid)
        for client in clients:
            client.query()
        time.sleep(SETTLE_SECONDS)
        asked = measure.resident_kib(endpoint.pid)
    finally:
        for client in clients:
            client.close()
    return (logged_in - empty) / count, (asked - empty) / count, login_us


def idle_ms_per_second(endpoint, seconds):
    """Processor milliseconds that a proxy without any client spends in a second."""
    time.sleep(3)   # what its start left to be done
    before, began = measure.processor_us(endpoint.pid), time.monotonic()
    time.sleep(seconds)
    return (measure.processor_us(endpoint.pid) - before) / 1e3 / (time.monotonic() - began)
