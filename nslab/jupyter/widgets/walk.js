// The steps of a journey: what is chosen in its table and what is chosen by the slider is the same.
export default ({ all, own, model, signal }) => {
    const choice = step => [...all.querySelectorAll(`.nslab-walk input[value="${step}"]`)]
        .find(own);
    const choose = () => {
        const [step] = model.get('step') || [];
        const one = step && choice(step);
        if (one) one.checked = true;
    };
    model.on('change:step', choose);
    const told = step => {
        model.set('gesture', { step: Number(step), number: Math.random() });
        model.save_changes();
    };
    all.addEventListener('change', event => {
        if (own(event.target) && event.target.matches('.nslab-walk input')) told(event.target.value);
    }, { signal });
    // A number in the picture leads to its row, and to its frame in the list.
    all.addEventListener('click', event => {
        const stop = own(event.target) && event.target.closest('.nslab-walk [data-stop]');
        const one = stop && choice(stop.dataset.stop);
        if (!one) return;
        one.checked = true;
        told(one.value);
    }, { signal });
};
