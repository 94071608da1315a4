/** The compose files and Dockerfiles, held to what the services read and the build makes. */
package io.millrace.standalone.compose;
