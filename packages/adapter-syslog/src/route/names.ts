/** The names of severities, by their number. */
export const SEVERITIES: readonly string[] = 'emerg alert crit err warning notice info debug'.split(' ');

/** The names of facilities, by their number. */
export const FACILITIES: readonly string[] = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');
