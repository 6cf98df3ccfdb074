/** The simulator's ten numbers: on a trunk whose carrier is the simulator, calls to each end in their own way. */
const SIMULATED = /^\+1500555000[0-9]$/;

/** A call to this number can't reach anybody: it belongs to no subscriber. */
export const isSimulated = (phoneNumber: string): boolean => SIMULATED.test(phoneNumber);
