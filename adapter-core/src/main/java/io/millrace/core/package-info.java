/** What an adapter is: names, ids, descriptions, manifests, file formats and error codes. Knows no framework. */
package io.millrace.core;
