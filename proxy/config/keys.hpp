// keys: every key of the configuration, described once, as a row of a table per section: name, member, kind of value,
// whether it must be given, one line of explanation. From these rows come reading (and with it the check for unknown
// keys and missing ones), entries() for SHOW CONFIG, and the test of configs/reference.toml. Defaults: the structs'
// own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/codec.hpp"
#include "proxy/config/config.hpp"

namespace shardway::proxy::config {

template <class T>
struct Key {
  std::string_view name;
  Need need = Need::kDefault;
  bool is_section = false;
  std::function<void(T&, const Value&, const Scope&)> read;
  // `prefix` ends with a dot, or is empty.
  std::function<void(const T& value, const T& defaults, const std::string& prefix, std::vector<Entry>&)> list;
};
template <class T>
using Keys = std::vector<Key<T>>;

const Keys<Config>& root_keys();  // [shardway], [[listen]], [admin], [[user]], [[database]]

// Reports a key that no row describes, with the nearest that one does.
void report_unknown(const Member& member, const std::vector<std::string_view>& known, const Scope& scope);

template <class T>
void read_section(T& out, const Keys<T>& keys, const Value& source, const Scope& scope) {
  if (!expect(Value::Kind::kTable, source, scope)) return;
  std::vector<std::string_view> known;
  for (const Key<T>& key : keys) {
    known.push_back(key.name);
    if (key.need == Need::kRequired && !source.find(key.name))
      scope.error(source.at, "\"" + std::string(key.name) + "\" is missing");
  }
  for (const Member& member : source.members) {
    bool found = false;
    for (const Key<T>& key : keys) {
      if (key.name != member.key) continue;
      key.read(out, member.value, scope.below(member.key));
      found = true;
    }
    if (!found) report_unknown(member, known, scope);
  }
}

template <class T>
void list_section(const T& value, const T& defaults, const Keys<T>& keys, const std::string& prefix,
                  std::vector<Entry>& out) {
  for (const Key<T>& key : keys) key.list(value, defaults, prefix, out);
}

// One value.
template <class T, class V>
Key<T> row(std::string_view name, V T::*member, Need need, Codec<V> codec, std::string_view description) {
  return {
      name, need, false,
      [member, read = codec.read](T& out, const Value& value, const Scope& scope) {
        if (auto found = read(value, scope)) out.*member = std::move(*found);
      },
      [name, member, need, print = codec.print, description](const T& value, const T& defaults,
                                                             const std::string& prefix, std::vector<Entry>& out) {
        out.push_back({prefix + std::string(name), print(value.*member), print(defaults.*member), need, description});
      }};
}

// A table inside: [database.pool].
template <class T, class S>
Key<T> section(std::string_view name, S T::*member, const Keys<S>& keys) {
  return {name, Need::kOptional, true,
          [member, &keys](T& out, const Value& value, const Scope& scope) {
            read_section(out.*member, keys, value, scope);
          },
          [name, member, &keys](const T& value, const T& defaults, const std::string& prefix, std::vector<Entry>& out) {
            list_section(value.*member, defaults.*member, keys, prefix + std::string(name) + ".", out);
          }};
}

// An array of tables: [[database]]. One element is made for each in the text, even of a wrong one, so that the n-th
// element always belongs to the n-th place. `label` names an element in entries().
template <class T, class E>
Key<T> each(std::string_view name, std::vector<E> T::*member, const Keys<E>& keys, std::string (*label)(const E&)) {
  return {name, Need::kOptional, true,
          [member, &keys](T& out, const Value& value, const Scope& scope) {
            const std::string hint = "write it as [[" + scope.path + "]]";
            if (!expect(Value::Kind::kArray, value, scope, hint)) return;
            for (const Value& item : value.items) read_section((out.*member).emplace_back(), keys, item, scope);
          },
          [name, member, &keys, label](const T& value, const T&, const std::string& prefix, std::vector<Entry>& out) {
            for (const E& element : value.*member)
              list_section(element, E{}, keys, prefix + std::string(name) + "." + label(element) + ".", out);
          }};
}

}  // namespace shardway::proxy::config
