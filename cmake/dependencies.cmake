# Everything outside this repository, all from Debian 12 (scripts/bootstrap installs it).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt>=1.10.2)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4.1)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libssl>=3.0 libcrypto>=3.0)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib>=1.2.13)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka>=1.1.5)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0) # tests sign tokens with it

find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_GEN_C protoc-gen-c REQUIRED)
find_path(PROTOBUF_INCLUDE google/protobuf/descriptor.proto REQUIRED)

# grpc.pc lists dozens of abseil libraries that are private to it; these two are enough.
find_library(GRPC_LIBRARY grpc REQUIRED)
find_library(GPR_LIBRARY gpr REQUIRED)
find_path(GRPC_INCLUDE grpc/grpc.h REQUIRED)
add_library(grpc_core INTERFACE)
target_link_libraries(grpc_core INTERFACE ${GRPC_LIBRARY} ${GPR_LIBRARY})
target_include_directories(grpc_core SYSTEM INTERFACE ${GRPC_INCLUDE})
