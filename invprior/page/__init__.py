"""The page: pictures, masks, jobs and what they made, in a folder and in the browser.

A job is a command of the command line in a process of its own. What the page shows of it is read from the files that
the command writes, so a server that is killed costs nothing, and one that is started again finds everything.
"""
