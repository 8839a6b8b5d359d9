#include "file.hpp"

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>

#include "settings.hpp"

namespace {

struct Registry {
    std::mutex lock;
    std::map<std::string, std::weak_ptr<File>> files; // by path
};

// Never destroyed: the module stays mapped until the process ends, and no order of destructors has to be thought about.
Registry &registry() {
    static Registry *const one = new Registry;
    return *one;
}

std::int64_t size_of(int descriptor, const std::string &path) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) throw system_failure(errno, path, "look at it");
    return status.st_size;
}

/// Writes all at the end of the file, or shortens it to what it was and throws.
void append_all(int descriptor, const std::string &path, std::string_view bytes, bool to_disk) {
    const std::int64_t before = size_of(descriptor, path);
    int number = 0;
    const char *what = "write";
    while (!bytes.empty()) {
        ssize_t count = write(descriptor, bytes.data(), bytes.size());
        if (count >= 0) bytes.remove_prefix(static_cast<std::size_t>(count));
        else if (errno != EINTR) {
            number = errno;
            break;
        }
    }
    if (number == 0 && to_disk && fdatasync(descriptor) < 0) number = errno, what = "write to the disk";
    if (number == 0) return;
    Failure failure = system_failure(number, path, what);
    if (ftruncate(descriptor, before) < 0) failure.text += ", and part of a record may be left at its end";
    throw failure;
}

} // namespace

File::Content File::read(const std::string &path, const std::vector<std::string> &header) {
    Content content;
    content.descriptor = Descriptor(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    const int descriptor = content.descriptor.number();
    if (descriptor < 0) throw system_failure(errno, path, "open");
    const std::int64_t size = size_of(descriptor, path);

    csv::Reader reader(descriptor, size, path);
    csv::Record record;
    std::int64_t sound = 0; // the end of the last record that is whole
    bool lacks_line_end = false;
    for (bool is_first = true; reader.next(record); is_first = false) {
        if (is_first) {
            for (const csv::Field &field : record) content.header.push_back(field.text);
        } else if (!reader.is_terminated() && record.size() < content.header.size()) {
            break; // the beginning of a record
        }
        sound = reader.offset();
        lacks_line_end = !reader.is_terminated();
    }
    if (sound < size) {
        if (ftruncate(descriptor, sound) < 0) throw system_failure(errno, path, "cut off an unfinished record");
        content.repair = path + ": " + std::to_string(size - sound) + " bytes of an unfinished record are cut off";
    } else if (lacks_line_end) {
        append_all(descriptor, path, settings.line_end(), false);
        content.repair = path + ": the last record had no line end and has one now";
    }
    if (content.header.empty()) {
        csv::Record names;
        for (const std::string &name : header) names.push_back({name, false});
        std::string line;
        csv::append_record(line, names, settings.line_end());
        append_all(descriptor, path, line, settings.durability_is_disk());
        content.header = header;
    }
    return content;
}

File::Opened File::open(const std::string &path, const std::vector<std::string> &header) {
    std::lock_guard guard(registry().lock);
    auto &known = registry().files[path];
    if (auto file = known.lock()) return {file, ""};
    auto file = std::make_shared<File>(path);
    Content content = read(path, header);
    file->descriptor_ = std::move(content.descriptor);
    file->header_ = std::move(content.header);
    known = file;
    return {file, content.repair};
}

std::vector<std::shared_ptr<File>> File::all() {
    std::lock_guard guard(registry().lock);
    std::vector<std::shared_ptr<File>> files;
    for (auto &[path, known] : registry().files) {
        if (auto file = known.lock()) files.push_back(file);
    }
    return files;
}

void File::append(std::string_view records, std::uint32_t rows) {
    std::lock_guard guard(lock_);
    append_all(descriptor_.number(), path_, records, settings.durability_is_disk());
    rows_ += rows;
}

File::Snapshot File::snapshot() const {
    std::lock_guard guard(lock_);
    Descriptor copy(fcntl(descriptor_.number(), F_DUPFD_CLOEXEC, 0));
    if (copy.number() < 0) throw system_failure(errno, path_, "read");
    const std::int64_t size = size_of(copy.number(), path_);
    return {std::move(copy), size};
}

void File::reopen() {
    std::lock_guard guard(lock_); // an append under way must not look like an unfinished record
    Content content = read(path_, header_);
    if (content.header != header_) {
        throw Failure{MH_E_INVALID, path_ + ": its header line is another than before; go on with the file as it was: "
                                            "give it the old header line, or restart"};
    }
    descriptor_ = std::move(content.descriptor);
}
