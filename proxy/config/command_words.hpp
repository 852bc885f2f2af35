// Command words: an operator's command of the configuration, cut into the words of a program's call. No shell reads it:
// quotes ('…', "…") and backslashes only say where a word ends, and what a placeholder stands for stays within its
// word, whatever it is. Who wants a shell says so: sh -c '…'.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shardway::proxy::config {

using CommandWords = std::vector<std::string>;

// nullopt: a quote is not closed. Empty: no word.
std::optional<CommandWords> split_command(std::string_view text);

// The first {placeholder} of the text that is none of `known`; empty: there is none. "{}" and "{a b}" are none at all.
std::string unknown_placeholder(std::string_view text, const std::vector<std::string_view>& known);

using Placeholders = std::vector<std::pair<std::string_view, std::string>>;  // without the braces
CommandWords fill_in(CommandWords words, const Placeholders& values);

}  // namespace shardway::proxy::config
