// Words: one console command cut into words. Not SQL: a command is a verb and at most a few names.
// Comments and spaces fall away, quotes ("…" and '…') are taken off, `=` and `,` stand alone, the `;` at the end is
// optional.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shardway::proxy::admin {

using Words = std::vector<std::string>;

// nullopt: a quote or comment is not closed, or a second command follows. Empty: nothing but space and comments.
std::optional<Words> split_words(std::string_view command);
// Compares without regard to ASCII case.
bool same_word(std::string_view a, std::string_view b) noexcept;
// The words from `first` on in lower case, with one space between them.
std::string joined_lower(const Words& words, std::size_t first);

}  // namespace shardway::proxy::admin
