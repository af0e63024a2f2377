// Where the builder's buttons do not all fit beside each other, two show their signs alone.
export default ({ all, signal }) => {
    const fit = () => {
        const row = all.querySelector('.nslab-buttons');
        if (!row) return;
        watch.observe(row.parentElement);
        row.classList.remove('nslab-signs');
        row.classList.toggle('nslab-signs', row.scrollWidth > row.clientWidth);
    };
    const watch = new ResizeObserver(fit);
    watch.observe(all);
    signal.addEventListener('abort', () => watch.disconnect());
};
