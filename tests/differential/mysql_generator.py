"""Made-up statements in MySQL's dialect. Selects are in mysql_selects.py, writes in mysql_writes.py, keys in mysql_key_forms.py."""
from generator import Generator
from mysql_cases import MysqlCase
from mysql_selects import select
from mysql_tables import MysqlDraft
from mysql_writes import write


class MysqlGenerator(Generator):
    case, draft, select, write = MysqlCase, MysqlDraft, staticmethod(select), staticmethod(write)
    begins = ("begin", "begin", "start transaction", "start transaction read only", "set autocommit = 0",
              "start transaction with consistent snapshot")
    look, release, transactions = "select count(*) from cfg", "release savepoint", 0.1

    @staticmethod
    def flags(draft):
        return frozenset({"counted"}) if draft.is_counted else Generator.flags(draft)


def generate(seed, count):
    return MysqlGenerator().generate(seed, count)
