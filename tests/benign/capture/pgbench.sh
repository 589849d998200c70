# Initialisation, and the three built-in scripts in the three query modes.
set -e
pgbench -i -s 1 --foreign-keys -q > /dev/null 2>&1
for mode in simple extended prepared; do
    for script in tpcb-like simple-update select-only; do
        pgbench -n -M "$mode" -b "$script" -t 3 > /dev/null 2>&1
    done
done
