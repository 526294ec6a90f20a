# Code and descriptor sets generated from proto/; everything lands in the build tree.

set(TESTKIT_PROTO_DIR ${PROJECT_SOURCE_DIR}/proto)
set(TESTKIT_PROTO_OUT ${PROJECT_BINARY_DIR}/generated)

# testkit_protobuf_c(name google/rpc/status.proto ...): protobuf-c code as a static library.
# Only for messages we define or bound ourselves (ARCHITECTURE.md, "What protobuf-c is for").
function(testkit_protobuf_c name)
  set(generated)
  foreach(proto IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(input ${TESTKIT_PROTO_DIR}/${proto})
    if(NOT EXISTS ${input})
      set(input ${PROTOBUF_INCLUDE}/${proto})
    endif()
    add_custom_command(
      OUTPUT ${TESTKIT_PROTO_OUT}/${stem}.pb-c.c ${TESTKIT_PROTO_OUT}/${stem}.pb-c.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${TESTKIT_PROTO_OUT}
      COMMAND ${PROTOC} --plugin=protoc-gen-c=${PROTOC_GEN_C} -I ${TESTKIT_PROTO_DIR}
              -I ${PROTOBUF_INCLUDE} --c_out=${TESTKIT_PROTO_OUT} ${proto}
      DEPENDS ${input}
      VERBATIM)
    list(APPEND generated ${TESTKIT_PROTO_OUT}/${stem}.pb-c.c)
  endforeach()
  add_library(${name} STATIC ${generated})
  target_include_directories(${name} SYSTEM PUBLIC ${TESTKIT_PROTO_OUT})
  target_link_libraries(${name} PUBLIC PkgConfig::PROTOBUF_C)
endfunction()

# testkit_descriptor_set(OUTPUT ROOT proto...): a FileDescriptorSet with all imports.
function(testkit_descriptor_set output root)
  set(inputs)
  foreach(proto IN LISTS ARGN)
    list(APPEND inputs ${root}/${proto})
  endforeach()
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${PROTOC} -I ${root} -I ${TESTKIT_PROTO_DIR} -I ${PROTOBUF_INCLUDE} --include_imports
            --include_source_info --descriptor_set_out=${output} ${ARGN}
    DEPENDS ${inputs}
    VERBATIM)
endfunction()
