// Settings: a session's SETs, as an immutable value that a client and a server connection can be compared by.
// A client carries the one it should have, a link the one it has; equal pointers mean nothing to do.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/statement.hpp"

namespace shardway::proxy::postgres {

class Settings {
 public:
  struct Entry {
    std::string name;  // lower case
    std::string sql;   // the statement that sets it on a server: "SET x TO 'y'" or "SELECT pg_catalog.set_config(…)"
    bool is_partial = false;  // the rest of its value is the server's own: it is reset first
    bool operator==(const Entry&) const = default;
  };

  // What a startup message brought: the raw value, exactly as the server reads startup parameters.
  static Entry from_startup(std::string_view name, std::string_view value);
  static Entry from_statement(const router::Setting& setting);

  const std::vector<Entry>& entries() const noexcept { return entries_; }  // sorted by name
  const Entry* find(std::string_view name) const noexcept;
  void put(Entry entry);
  void erase(std::string_view name);
  bool operator==(const Settings&) const = default;
  // Its schemas, each in double quotes; empty: the server's own path.
  const std::string& search_path() const noexcept { return search_path_; }
  bool sets_nulls() const noexcept { return sets_nulls_; }  // array_nulls, transform_null_equals
  std::string fingerprint() const;
  std::size_t bytes() const noexcept;

 private:
  void note_nulls() noexcept;

  std::vector<Entry> entries_;
  std::string search_path_;
  bool sets_nulls_ = false;
};

using SharedSettings = std::shared_ptr<const Settings>;
const SharedSettings& no_settings();

// What an entry sets it to, without its quotes.
std::string value_of(const Settings::Entry& entry);

// Read the same under every client_encoding that keeps ASCII apart.
bool is_ascii(std::string_view text) noexcept;

// The settings by which a server reads the constants of a text, once and for all, when it is prepared.
std::string reading_of(const Settings& settings);
bool decides_reading(std::string_view setting) noexcept;

// True unless the setting is set to anything but that.
bool is_surely(const Settings& settings, std::string_view setting, bool value);

// client_encoding is another one than UTF-8.
bool has_foreign_encoding(const Settings& settings);

// RESET of what only a part is set of, and nothing else.
std::string reset_before(const Settings::Entry& entry, bool local = false);
// The statements that bring a server connection from one to the other, in one string; empty if there is nothing to do.
std::string difference(const Settings& from, const Settings& to);

// The settings after `changes` ran on `now`; RESET goes back to the value of `base` (the startup message).
SharedSettings apply(const SharedSettings& now, const Settings& base, const std::vector<router::Setting>& changes);

// 'value' with quotes doubled; an E'' string if it holds a backslash, so that it means the same in every session.
std::string quote_literal(std::string_view value);
std::string quote_identifier(std::string_view name);

}  // namespace shardway::proxy::postgres
