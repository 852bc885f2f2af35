// Sockets: opening, listening, naming. All are non-blocking, close-on-exec, TCP ones without Nagle and with keepalive.
// Errors come back as std::error_code; a descriptor is -1 then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "proxy/config/config.hpp"

namespace shardway::proxy::net {

// Numeric addresses and names; a name is resolved here and now (getaddrinfo), so not on a busy path for remote names.
// A name may have several addresses: `which` counts them from 0, in the resolver's order. Nothing if there is no such
// address (`error` says why if the name cannot be resolved at all); else a connection in progress, or -1 and `error`.
std::optional<int> connect_to(const config::Address& address, std::size_t which, std::error_code& error);
// To where the connected socket `fd` goes, whatever its name resolves to by now.
int connect_like(int fd, std::error_code& error);
// A Unix socket nobody listens on any more is replaced; `file_exists`: there is something else at its path.
// `unix_mode`: who may use it.
int listen_on(const config::Address& address, bool reuse_port, std::uint32_t unix_mode, std::error_code& error);
int accept_from(int listener, std::error_code& error);
std::error_code pending_error(int fd) noexcept;  // SO_ERROR: how a connect ended

struct Endpoint {
  std::string host;  // "unix" for Unix sockets, as PgBouncer shows them
  std::uint16_t port = 0;
};
Endpoint peer_of(int fd);
Endpoint local_of(int fd);
bool is_tcp(int fd) noexcept;

}  // namespace shardway::proxy::net
