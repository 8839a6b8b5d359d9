// What went wrong, as it travels inside the module, and the one way in which it leaves: no exception crosses the ABI.
#pragma once

#include <cerrno>
#include <cstring>
#include <exception>
#include <modhost/modhost.h>
#include <new>
#include <string>
#include <string_view>
#include <utility>

struct Failure {
    std::int32_t code;
    std::string text;
};

inline std::string_view view(mh_str text) { return text.len == 0 ? std::string_view() : std::string_view(text.ptr, text.len); }
inline mh_str borrowed(std::string_view text) { return mh_bytes(text.data(), text.size()); }

/// The failure of a system call on a file.
inline Failure system_failure(int number, const std::string &path, const char *what) {
    std::int32_t code = number == ENOSPC || number == EDQUOT ? MH_E_NO_SPACE : MH_E_IO;
    return {code, path + ": cannot " + what + ": " + std::strerror(number)};
}

/// Runs `body`; whatever it throws becomes a code and a text for the caller.
template <typename Body> std::int32_t across(const mh_error *err, Body &&body) noexcept {
    try {
        std::forward<Body>(body)();
        return MH_OK;
    } catch (const Failure &failure) {
        if (err && err->report) err->report(err->ctx, failure.code, borrowed(failure.text));
        return failure.code;
    } catch (const std::bad_alloc &) {
        return mh_fail(err, MH_E_NO_MEMORY, "out of memory");
    } catch (const std::exception &other) {
        return mh_fail(err, MH_E_INTERNAL, other.what());
    }
}
