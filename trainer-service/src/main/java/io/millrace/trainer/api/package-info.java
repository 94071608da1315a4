/** The trainer over HTTP: its status, its health, and asking for a version. */
package io.millrace.trainer.api;
