#include "proxy/net/stream.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

namespace shardway::proxy::net {
namespace {

// What the macro SSL_set_tlsext_host_name does, without its old-style cast.
void set_server_name(SSL* ssl, std::string host) {
  ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
}

}  // namespace

Stream::Stream(Stream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), peer_ended_(other.peer_ended_), ssl_(std::exchange(other.ssl_, nullptr)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    peer_ended_ = other.peer_ended_;
    ssl_ = std::exchange(other.ssl_, nullptr);
  }
  return *this;
}

void Stream::note_events(std::uint32_t events) noexcept {
  peer_ended_ = peer_ended_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

IoResult Stream::read(char* into, std::size_t size) noexcept {
  if (ssl_ != nullptr) return read_tls(into, size);
  for (;;) {
    const auto got = ::recv(fd_, into, size, 0);
    if (got > 0) return {static_cast<std::size_t>(got), static_cast<std::size_t>(got) < size && !peer_ended_, false};
    if (got == 0) return {0, true, true};
    if (errno == EINTR) continue;
    return {0, true, errno != EAGAIN && errno != EWOULDBLOCK};
  }
}

IoResult Stream::write(const char* from, std::size_t size) noexcept {
  if (ssl_ != nullptr) return write_tls(from, size);
  for (;;) {
    const auto sent = ::send(fd_, from, size, MSG_NOSIGNAL);
    if (sent >= 0) return {static_cast<std::size_t>(sent), static_cast<std::size_t>(sent) < size, false};
    if (errno == EINTR) continue;
    return {0, true, errno != EAGAIN && errno != EWOULDBLOCK};
  }
}

IoResult Stream::read_tls(char* into, std::size_t size) noexcept {
  IoResult result;
  while (result.bytes < size) {
    ::ERR_clear_error();
    const int got = ::SSL_read(ssl_, into + result.bytes, static_cast<int>(size - result.bytes));
    if (got > 0) {
      result.bytes += static_cast<std::size_t>(got);
      continue;
    }
    const int error = ::SSL_get_error(ssl_, got);
    result.drained = true;
    result.closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
    return result;
  }
  return result;
}

IoResult Stream::write_tls(const char* from, std::size_t size) noexcept {
  IoResult result;
  while (result.bytes < size) {
    ::ERR_clear_error();
    const std::size_t left = size - result.bytes;
    const int sent = ::SSL_write(ssl_, from + result.bytes, static_cast<int>(left < (1u << 30) ? left : 1u << 30));
    if (sent > 0) {
      result.bytes += static_cast<std::size_t>(sent);
      continue;
    }
    const int error = ::SSL_get_error(ssl_, sent);
    result.drained = true;
    result.closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
    return result;
  }
  return result;
}

void Stream::start_tls_server(SSL_CTX& context) {
  ssl_ = ::SSL_new(&context);
  if (ssl_ == nullptr || ::SSL_set_fd(ssl_, fd_) != 1) throw std::runtime_error(last_tls_error());
  ::SSL_set_accept_state(ssl_);
}

void Stream::start_tls_client(SSL_CTX& context, const std::string& host, bool verify_name) {
  ssl_ = ::SSL_new(&context);
  if (ssl_ == nullptr || ::SSL_set_fd(ssl_, fd_) != 1) throw std::runtime_error(last_tls_error());
  unsigned char raw[16];
  const bool numeric = ::inet_pton(AF_INET, host.c_str(), raw) == 1 || ::inet_pton(AF_INET6, host.c_str(), raw) == 1;
  if (!numeric) set_server_name(ssl_, host);
  if (verify_name) {
    auto* parameters = ::SSL_get0_param(ssl_);
    const int set = numeric ? ::X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str())
                            : ::X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
    if (set != 1) throw std::runtime_error(last_tls_error());
  }
  ::SSL_set_connect_state(ssl_);
}

HandshakeState Stream::handshake() noexcept {
  ::ERR_clear_error();
  const int done = ::SSL_do_handshake(ssl_);
  if (done == 1) return HandshakeState::kDone;
  const int error = ::SSL_get_error(ssl_, done);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? HandshakeState::kAgain
                                                                       : HandshakeState::kFailed;
}

void Stream::shut() noexcept {
  if (is_open()) ::shutdown(fd_, SHUT_RDWR);
}

void Stream::close() noexcept {
  if (ssl_ != nullptr) {
    if (::SSL_is_init_finished(ssl_)) ::SSL_shutdown(ssl_);
    ::SSL_free(ssl_);
    ssl_ = nullptr;
  }
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string Stream::tls_description() const {
  if (ssl_ == nullptr) return {};
  return std::string(::SSL_get_version(ssl_)) + "/" + ::SSL_get_cipher_name(ssl_);
}

}  // namespace shardway::proxy::net
