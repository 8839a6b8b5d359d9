// One CSV file of one table: its header line, appending whole records, and reading a snapshot. Every thread may use it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>
#include <vector>

#include "csv.hpp"

/// A descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor &&other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    int number() const { return number_; }

private:
    int number_ = -1;
};

class File {
public:
    /// What `open` cut off or completed; empty when the file was sound.
    struct Opened {
        std::shared_ptr<File> file;
        std::string repair;
    };

    /// The file of a path; all tables of that path share one. A file that is not there, or empty, gets `header` as its first
    /// line. What a crash has left of a last record is cut off. Throws Failure.
    static Opened open(const std::string &path, const std::vector<std::string> &header);
    /// The files that are in use.
    static std::vector<std::shared_ptr<File>> all();

    const std::string &path() const { return path_; }
    const std::vector<std::string> &header() const { return header_; }
    std::uint64_t rows() const { return rows_.load(); }

    /// Appends the text of `rows` whole records: all of them, or none and a Failure.
    void append(std::string_view records, std::uint32_t rows);

    struct Snapshot {
        Descriptor descriptor;
        std::int64_t size;
    };
    /// The file as it stands between two appends.
    Snapshot snapshot() const;

    /// Opens the path anew, after somebody has moved the file away. Throws Failure, and stays with the old one.
    void reopen();

    explicit File(std::string path) : path_(std::move(path)) {}

private:
    struct Content {
        Descriptor descriptor;
        std::vector<std::string> header;
        std::string repair;
    };
    static Content read(const std::string &path, const std::vector<std::string> &header);

    const std::string path_;
    std::vector<std::string> header_; ///< fixed once open
    mutable std::mutex lock_;         ///< of descriptor_ and of the file's end
    Descriptor descriptor_;
    std::atomic<std::uint64_t> rows_{0};
};
