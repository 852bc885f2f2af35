// Rights: who may write the tables of transactions on several shards (mysql_store.hpp), as a MariaDB server tells it,
// and what an operator has to grant. On PostgreSQL Shardway grants it itself; MariaDB lets only operators grant to
// PUBLIC. Asked by `shardway check --servers`; judging is pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/control/control_link.hpp"

namespace shardway::proxy::transaction::mysql_rights {

using Rows = std::vector<std::vector<std::string>>;

struct Rights {
  std::string control;  // who asked: "shardway@%"
  std::string version;
  bool has_tables = false;
  bool everyone = false;                                    // may insert: granted to PUBLIC
  std::vector<std::pair<std::string, std::string>> grants;  // "'app'@'%'", "INSERT"; those that the asker may see
};

struct Lack {
  std::string message, hint;
  bool operator==(const Lack&) const = default;
};

// `users`: as who sessions log in to the servers.
std::vector<Lack> lacks(const Rights& rights, const std::vector<std::string>& users);

// Whether SHOW GRANTS FOR PUBLIC tells of INSERT on the schema.
bool lets_everyone_insert(const Rows& grants);

// Asks over a connection of its own, which may take so long; nothing: no answer.
std::optional<Rights> ask(std::unique_ptr<control::ControlLink> link);

}  // namespace shardway::proxy::transaction::mysql_rights
