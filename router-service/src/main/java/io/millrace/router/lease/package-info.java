/** Versions in tiers: on the device while they are used, in host memory and on disk for when they are used again. */
package io.millrace.router.lease;
