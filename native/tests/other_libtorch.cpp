// A libtorch of another version, as far as loading it goes: the Java tests choose its folder.
extern "C" __attribute__((visibility("default"))) int allaprima_other_libtorch() { return 1; }
