// postgres_tree: the server's raw parse tree as C++ can read it: typed access, lists as ranges, strings as views.
// Included by postgres_*.cpp only: the server's headers define macros that nobody else should meet.
// Everything read through it lives as long as the ParseTree (postgres_parse.hpp) it came from.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The server's type `text` would be shadowed by every variable of that name.
#define text postgres_text
extern "C" {
#include "postgres.h"
// postgres.h comes first, always.
#include "nodes/parsenodes.h"
}
#undef text

namespace shardway::router::tree {

using ::Node;

inline NodeTag tag(const void* node) noexcept { return static_cast<const Node*>(node)->type; }

template <class T>
const T* as(const void* node) noexcept {
  return static_cast<const T*>(node);
}

inline std::string_view text(const char* string) noexcept { return string == nullptr ? std::string_view{} : string; }

// A list's nodes; an empty list is a null pointer.
class Nodes {
 public:
  explicit Nodes(const List* list) noexcept : list_(list) {}
  class iterator {
   public:
    explicit iterator(const ListCell* cell) noexcept : cell_(cell) {}
    const Node* operator*() const noexcept { return static_cast<const Node*>(cell_->ptr_value); }
    iterator& operator++() noexcept {
      ++cell_;
      return *this;
    }
    bool operator!=(const iterator& other) const noexcept { return cell_ != other.cell_; }

   private:
    const ListCell* cell_;
  };
  iterator begin() const noexcept { return iterator(list_ == nullptr ? nullptr : list_->elements); }
  iterator end() const noexcept { return iterator(list_ == nullptr ? nullptr : list_->elements + list_->length); }
  std::size_t size() const noexcept { return list_ == nullptr ? 0 : static_cast<std::size_t>(list_->length); }
  const Node* operator[](std::size_t i) const noexcept {
    return static_cast<const Node*>(list_->elements[i].ptr_value);
  }

 private:
  const List* list_;
};

// A String node's text; empty if it is something else (a star, say).
inline std::string_view string_of(const Node* node) noexcept {
  return node != nullptr && tag(node) == T_String ? text(as<String>(node)->sval) : std::string_view{};
}

// The last part of a name given as a list of strings, and the part before it.
struct Name {
  std::string_view schema, name;
  bool longer = false;  // more than two parts
};
inline Name name_of(const List* parts) noexcept {
  const Nodes nodes(parts);
  Name name;
  if (nodes.size() > 0) name.name = string_of(nodes[nodes.size() - 1]);
  if (nodes.size() > 1) name.schema = string_of(nodes[nodes.size() - 2]);
  name.longer = nodes.size() > 2;
  return name;
}

// The name is `=` and means pg_catalog's.
inline bool is_operator(const List* parts, std::string_view symbol) noexcept {
  const auto name = name_of(parts);
  return name.name == symbol && !name.longer && (name.schema.empty() || name.schema == "pg_catalog");
}

}  // namespace shardway::router::tree
