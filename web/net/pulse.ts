// Beats once a second from a worker: browsers slow the timers of hidden pages to one a minute, and rounds go on.
setInterval(() => postMessage(undefined), 1000)
