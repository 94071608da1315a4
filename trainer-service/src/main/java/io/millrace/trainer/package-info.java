/** The trainer: curate, plan, train, check, publish. */
package io.millrace.trainer;
