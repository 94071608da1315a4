/** The registry over gRPC. */
package io.millrace.registry.service.grpc;
