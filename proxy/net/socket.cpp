#include "proxy/net/socket.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace shardway::proxy::net {
namespace {

struct Target {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family = AF_UNSPEC;
  const sockaddr* address() const noexcept { return static_cast<const sockaddr*>(static_cast<const void*>(&storage)); }
  sockaddr* address() noexcept { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
};

std::error_code system_error() noexcept { return {errno, std::generic_category()}; }

bool unix_target(const config::Address& address, Target& target, std::error_code& error) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.host.size() >= sizeof name.sun_path) {
    error = std::make_error_code(std::errc::filename_too_long);
    return false;
  }
  std::memcpy(name.sun_path, address.host.data(), address.host.size());
  std::memcpy(&target.storage, &name, sizeof name);
  target.size = sizeof name;
  target.family = AF_UNIX;
  return true;
}

bool tcp_target(const config::Address& address, bool passive, std::size_t which, Target& target,
                std::error_code& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(address.host.empty() || address.host == "*" ? nullptr : address.host.c_str(),
                                   std::to_string(address.port).c_str(), &hints, &found);
  if (status != 0 || found == nullptr) {
    error = std::make_error_code(std::errc::host_unreachable);
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  const addrinfo* chosen = found;
  while (chosen != nullptr && which-- > 0) chosen = chosen->ai_next;
  if (chosen == nullptr) return false;  // it has no more addresses
  std::memcpy(&target.storage, chosen->ai_addr, chosen->ai_addrlen);
  target.size = chosen->ai_addrlen;
  target.family = chosen->ai_family;
  return true;
}

bool resolve(const config::Address& address, bool passive, std::size_t which, Target& target, std::error_code& error) {
  if (!address.is_unix) return tcp_target(address, passive, which, target, error);
  return which == 0 && unix_target(address, target, error);
}

void set(int fd, int level, int option, int value) noexcept { ::setsockopt(fd, level, option, &value, sizeof value); }

void tune(int fd, int family) noexcept {
  if (family == AF_UNIX) return;
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

int open_socket(int family, std::error_code& error) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) error = system_error();
  return fd;
}

int fail(int fd, std::error_code& error) {
  error = system_error();
  ::close(fd);
  return -1;
}

int begin_connect(const Target& target, std::error_code& error) {
  const int fd = open_socket(target.family, error);
  if (fd < 0) return -1;
  tune(fd, target.family);
  if (::connect(fd, target.address(), target.size) != 0 && errno != EINPROGRESS) return fail(fd, error);
  return fd;
}

Endpoint describe(const Target& target) {
  char text[INET6_ADDRSTRLEN] = {};
  if (target.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &target.storage, sizeof in);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return {text, ntohs(in.sin_port)};
  }
  if (target.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &target.storage, sizeof in);
    ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    return {text, ntohs(in.sin6_port)};
  }
  return {"unix", 0};
}

}  // namespace

std::optional<int> connect_to(const config::Address& address, std::size_t which, std::error_code& error) {
  error.clear();
  Target target;
  if (!resolve(address, false, which, target, error)) return std::nullopt;
  return begin_connect(target, error);
}

int connect_like(int fd, std::error_code& error) {
  error.clear();
  Target target;
  target.size = sizeof target.storage;
  if (::getpeername(fd, target.address(), &target.size) != 0) {
    error = system_error();
    return -1;
  }
  target.family = target.storage.ss_family;
  return begin_connect(target, error);
}

namespace {

// The path of a Unix socket is made free, if only a socket is left there that nobody listens on any more.
bool clear_path(int fd, const std::string& path, const Target& target, std::error_code& error) {
  const int problem = ::connect(fd, target.address(), target.size) == 0 ? 0 : errno;
  if (problem == ENOENT) return true;
  if (problem != ECONNREFUSED) {  // another program serves there, or nobody here may look
    const bool serves = problem == 0 || problem == EAGAIN || problem == EPROTOTYPE;
    error = {serves ? EADDRINUSE : problem, std::generic_category()};
    return false;
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode)) {
    error = std::make_error_code(std::errc::file_exists);
    return false;
  }
  ::unlink(path.c_str());
  return true;
}

// Nobody comes in before listen(): the mode is right by then.
bool open_to(const std::string& path, std::uint32_t mode, std::error_code& error) {
  if (::chmod(path.c_str(), mode) == 0) return true;
  error = system_error();
  ::unlink(path.c_str());
  return false;
}

}  // namespace

int listen_on(const config::Address& address, bool reuse_port, std::uint32_t unix_mode, std::error_code& error) {
  error.clear();
  Target target;
  if (!resolve(address, true, 0, target, error)) return -1;
  const int fd = open_socket(target.family, error);
  if (fd < 0) return -1;
  if (address.is_unix) {
    if (!clear_path(fd, address.host, target, error)) return ::close(fd), -1;
  } else {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (reuse_port) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    tune(fd, target.family);  // accepted sockets inherit it
  }
  if (::bind(fd, target.address(), target.size) != 0) return fail(fd, error);
  if (address.is_unix && !open_to(address.host, unix_mode, error)) return ::close(fd), -1;
  if (::listen(fd, 4096) != 0) return fail(fd, error);
  return fd;
}

int accept_from(int listener, std::error_code& error) {
  error.clear();
  Target target;
  target.size = sizeof target.storage;
  const int fd = ::accept4(listener, target.address(), &target.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) error = system_error();
  return fd;
}

std::error_code pending_error(int fd) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) != 0) return system_error();
  return {value, std::generic_category()};
}

Endpoint peer_of(int fd) {
  Target target;
  target.size = sizeof target.storage;
  return ::getpeername(fd, target.address(), &target.size) == 0 ? describe(target) : Endpoint{};
}

Endpoint local_of(int fd) {
  Target target;
  target.size = sizeof target.storage;
  return ::getsockname(fd, target.address(), &target.size) == 0 ? describe(target) : Endpoint{};
}

bool is_tcp(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  return ::getsockname(fd, static_cast<sockaddr*>(static_cast<void*>(&storage)), &size) == 0 &&
         storage.ss_family != AF_UNIX;
}

}  // namespace shardway::proxy::net
