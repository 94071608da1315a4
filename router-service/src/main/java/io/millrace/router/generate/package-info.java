/** The base and its decode loop, and requests as token ids. */
package io.millrace.router.generate;
