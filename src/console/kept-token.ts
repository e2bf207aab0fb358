/**
 * Key of the token in sessionStorage, which lasts until the tab closes. The token is never part of a URL. It is public: a
 * page of the application on the same host can store the token of its session here, and then open the console.
 */
export const KEPT = 'realtime.console.token';
